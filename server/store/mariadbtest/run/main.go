// Command run starts a real MariaDB in a temporary folder, prints the URL of an empty database on it,
// and stops it when its standard input ends. It is for tests that are not written in Go.
package main

import (
	"fmt"
	"io"
	"os"

	"frond/server/store/mariadbtest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mariadb:", err)
		os.Exit(1)
	}
}

func run() error {
	server, err := mariadbtest.Run()
	if err != nil {
		return err
	}
	defer server.Stop()
	url, err := server.NewDatabase()
	if err != nil {
		return err
	}
	fmt.Println(url)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
