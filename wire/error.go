package wire

import (
	"errors"
	"fmt"
	"strings"
)

// Code says what went wrong in one word, for programs. People read the message beside it.
type Code string

// The codes that cross the wire. A client must treat an unknown code like CodeInternal.
const (
	CodeBadRequest      Code = "bad-request"     // malformed or inconsistent; do not retry unchanged
	CodeTooLarge        Code = "too-large"       // over a limit of limits.go
	CodeVersion         Code = "version"         // the two sides speak different versions: reload
	CodeUnauthenticated Code = "unauthenticated" // no session, or it was revoked: sign in
	CodeWrongPassword   Code = "wrong-password"  // unknown user name or wrong password, never which
	CodeForbidden       Code = "forbidden"       // signed in, but not allowed
	CodeNotFound        Code = "not-found"       //
	CodeNameInvalid     Code = "name-invalid"    // the user name breaks the rule of CheckUserName
	CodeNameTaken       Code = "name-taken"      //
	CodeRegistration    Code = "registration"    // closed, or the invite is missing or not valid
	CodeExists          Code = "exists"          // Error.Conversation names what is already there
	CodeConflict        Code = "conflict"        // lost the race: Error.Last is the seq to process first; one processed before says that the log is an older copy
	CodeStale           Code = "stale"           // sealed too many handshakes ago: catch up, seal again
	CodeHeld            Code = "held"            // not yet: a protection runs, Error.RetryAfter seconds more
	CodeLimit           Code = "limit"           // too many devices, conversations, ... on this server
	CodeRateLimited     Code = "rate-limited"    // try again after Error.RetryAfter seconds
	CodeUnavailable     Code = "unavailable"     // shutting down, or the database does not answer: retry
	CodeInternal        Code = "internal"        // a fault of the server, written to its log
)

// Error is the one form in which a refusal crosses the wire.
type Error struct {
	Code         Code   `cbor:"1,keyasint"`
	Message      string `cbor:"2,keyasint"`           // a sentence for people; never a secret, never input verbatim
	Last         uint64 `cbor:"3,keyasint,omitempty"` // CodeConflict, CodeStale: seq of the last handshake
	Conversation *ID    `cbor:"4,keyasint,omitempty"` // CodeExists
	RetryAfter   uint32 `cbor:"5,keyasint,omitempty"` // seconds
}

// Check cuts what is longer than any server has to say: a client keeps and shows it.
func (e *Error) Check() error {
	if len(e.Code) > maxErrorCode {
		e.Code = CodeInternal
	}
	if len(e.Message) > MaxErrorMessage {
		e.Message = strings.ToValidUTF8(e.Message[:MaxErrorMessage], "")
	}
	return nil
}

// maxErrorCode is more bytes than any code has.
const maxErrorCode = 32

// Errorf makes an Error with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Is lets errors.Is(err, &Error{Code: c}) compare codes alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// CodeOf returns the code of the first *Error in err's chain, or CodeInternal when there is none,
// or "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
