package store_test

import (
	"os"
	"testing"

	"frond/server/store/mariadbtest"
)

func TestMain(m *testing.M) { os.Exit(mariadbtest.Main(m)) }
