//go:build !unix

package store

import "os"

// holdFile only opens the file here: the standard library has no lock that ends with the process on
// this system, and SQLite's own locks still keep the data consistent.
func holdFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
}
