package account

import (
	"strings"
	"testing"
	"time"

	"frond/server/account/chaintest"
	"frond/wire"
)

func TestNobodyGetsANameThatMeansTheProgramOrSomebodyElse(t *testing.T) {
	t.Parallel()
	s, _ := newService(t, time.Now)
	for _, name := range []string{"you", "Everyone", "ADMIN", "somebody", "frond", "system", "server"} {
		device := newID(t)
		owner := chaintest.New(t, strings.ToLower(name), device)
		_, _, err := s.SignUp(t.Context(), "192.0.2.1", signUpOf(owner, name, device))
		if wire.CodeOf(err) != wire.CodeNameInvalid {
			t.Errorf("%s signs up: %v", name, err)
		}
	}
	signUp(t, s, "administrator")
}
