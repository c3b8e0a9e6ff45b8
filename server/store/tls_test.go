package store_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"frond/server/store"
	"frond/server/store/mariadbtest"
)

func TestMariaDBOverTLS(t *testing.T) {
	t.Parallel()
	mariadbtest.Need(t)
	cert, key := certificate(t)
	server, err := mariadbtest.Run("--ssl-cert="+cert, "--ssl-key="+key)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	url, err := server.NewDatabase()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Set("require_secure_transport", "ON"); err != nil {
		t.Fatal(err)
	}
	for option, works := range map[string]bool{
		"":                 true, // encrypted when the server can
		"?tls=preferred":   true,
		"?ca=" + cert:      true,
		"?tls=true":        false, // nobody known signed the certificate
		"?tls=false":       false, // the server insists
		"?ca=" + key:       false,
		"?tls=sometimes":   false,
		"?tls=skip-verify": true,
	} {
		s, err := store.Open(t.Context(), store.Options{URL: url + option})
		if (err == nil) != works {
			t.Errorf("%q: %v", option, err)
		}
		if err == nil {
			_ = s.Close()
		}
	}
}

// certificate makes a self-signed one for the loopback address.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "database"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemFile(t, "CERTIFICATE", der), pemFile(t, "PRIVATE KEY", private)
}

func pemFile(t *testing.T, kind string, der []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
