package gateway_test

import (
	"context"
	"testing"

	"frond/server/gateway"
	"frond/wire"
)

// Connections are counted by account, so whoever knows a password could take all of them.
func TestASessionWithoutADeviceTakesNoneOfTheAccountsConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(r *rules) { r.gateway.Limits = &gateway.Limits{AccountConnections: 2} })
	ana := w.join("ana")
	ana.conn.Close()
	thief := w.newPerson("ana")
	thief.auth = ana.auth
	_, err := thief.signIn(nil)
	must(t, err)
	for range 5 {
		_, err := thief.net.dial(context.Background())
		wantCode(t, err, wire.CodeUnauthenticated)
	}
	_, err = ana.tryConnect()
	must(t, err)
}
