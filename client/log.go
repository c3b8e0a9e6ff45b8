package client

// Logger takes lines for operators and developers: a message, then names and values in turn. A
// *slog.Logger is one. The core asks for no more, so that the browser need not load a logging library.
type Logger interface {
	Warn(message string, args ...any)
	Error(message string, args ...any)
}

// silent is the logger of a client without one.
type silent struct{}

func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
