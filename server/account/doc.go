// Package account knows who is who: sign-up, sign-in, sessions, devices and invites.
//
// # The life of a session
//
// A client asks how the password of a name is stretched ([Service.KDF]), stretches it, and signs up or
// signs in with the half of the result that proves the password. It gets a token, 256 random bits, and
// shows it with everything it asks from then on ([Service.Authenticate]). Signing out, signing in on
// another device and the end of its lifetime revoke the token, and whoever listens
// ([Service.OnRevoke]) closes the connections that live on it.
//
//	state of a session     may
//	without a device       add a device, ask to be let in, sign out; ends when a password is set or a device removed
//	with a device          everything
//	revoked or expired     nothing: CodeUnauthenticated
//
// # Promises
//
//   - The database holds hashes only: of tokens, of authentication secrets, of invites. Plain SHA-256 is the
//     right hash for each, because what is hashed has at least 128 bits of entropy or, for the
//     authentication secret, went through Argon2id in the client: stretching it again would cost the
//     server and gain nothing.
//   - Nobody learns from an answer, or from how long it took, whether a user name exists: unknown names have a
//     salt, always the same one, a wrong password is compared for them too, and the database reads a row of the same
//     size in the same two steps (measured on SQLite: less than a microsecond apart). Signing up
//     tells, as it must; it is limited per address.
//   - A sigchain holds only events that clients accept, and lists exactly the devices that the server knows: each
//     request that extends one is verified to do so, and to do nothing else.
//   - Attempts are limited per address, and per name and address, in tables of bounded size; guesses at a password
//     also per name, but not where the account was used before ([Service.Here]).
package account
