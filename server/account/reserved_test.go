package account

import (
	"testing"
	"time"

	"frond/wire"
)

func TestNobodyGetsANameThatMeansTheProgramOrSomebodyElse(t *testing.T) {
	t.Parallel()
	s, _ := newService(t, time.Now)
	for _, name := range []string{"you", "Everyone", "ADMIN", "somebody", "frond", "system", "server"} {
		chain := [][]byte{[]byte("account created " + name), []byte("device added")}
		_, _, err := s.SignUp(t.Context(), "192.0.2.1", &wire.SignUp{
			Name: name, Account: accountID(chain[0]), Device: wire.ID{1}, Auth: wire.Hash{1}, Chain: chain,
			KDF: wire.KDF{Memory: 65536, Time: 3, Threads: 1, Salt: make([]byte, wire.SaltSize)}, Header: []byte("slot"), State: []byte("state"),
		})
		if wire.CodeOf(err) != wire.CodeNameInvalid {
			t.Errorf("%s signs up: %v", name, err)
		}
	}
	signUp(t, s, "administrator")
}
