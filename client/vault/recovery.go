package vault

import (
	"fmt"
	"io"
	"strings"
)

// RecoveryCode opens the vault when the password is lost: 128 random bits,
// shown once, to be kept on paper.
type RecoveryCode [16]byte

// The text of a code is 26 characters that hold the 128 bits and 6 that check
// them, in Crockford's base32: no I, L, O or U, so that nothing is misread.
const (
	recoveryAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	recoveryData     = 26
	recoveryCheck    = 6
	recoveryLength   = recoveryData + recoveryCheck
	recoveryGroup    = 4
	maxRecoveryText  = 4 * recoveryLength // room for spaces and dashes
)

// NewRecoveryCode reads a code from rand.
func NewRecoveryCode(rand io.Reader) (RecoveryCode, error) {
	var code RecoveryCode
	if _, err := io.ReadFull(rand, code[:]); err != nil {
		return RecoveryCode{}, fmt.Errorf("vault: read a recovery code: %w", err)
	}
	return code, nil
}

// Derive returns the code's two keys, as Derive does for a password. The code
// is as strong as a key, so this is quick. It fails with ErrSalt.
func (c RecoveryCode) Derive(salt []byte) (Keys, error) {
	if err := checkSalt(salt); err != nil {
		return Keys{}, err
	}
	return split(c[:], salt, labelRecoveryAuth, labelRecoveryWrap)
}

// Text returns the code as people write it: 8 groups of 4 characters joined
// by dashes. It reveals the code.
func (c RecoveryCode) Text() string {
	digits := c.digits()
	digits = append(digits, checkDigits(digits)...)
	var text strings.Builder
	for i, d := range digits {
		if i > 0 && i%recoveryGroup == 0 {
			text.WriteByte('-')
		}
		text.WriteByte(recoveryAlphabet[d])
	}
	return text.String()
}

// ParseRecoveryCode reads a code as people type it: in either case, with or
// without dashes and spaces, with O for 0 and I or L for 1. It fails with
// ErrRecoveryFormat for other characters or another length, and with
// ErrRecoveryChecksum for a typing error: any one to four wrong characters are noticed.
func ParseRecoveryCode(text string) (RecoveryCode, error) {
	digits, err := readDigits(text)
	if err != nil {
		return RecoveryCode{}, err
	}
	if polymod(digits) != checkConstant {
		return RecoveryCode{}, ErrRecoveryChecksum
	}
	var code RecoveryCode
	var bits, count uint
	for i, n := 0, 0; n < len(code); i++ {
		bits, count = bits<<5|uint(digits[i]), count+5
		if count >= 8 {
			count -= 8
			code[n] = byte(bits >> count)
			n++
		}
	}
	if digits[recoveryData-1]&3 != 0 {
		return RecoveryCode{}, fmt.Errorf("%w: bits beyond the code", ErrRecoveryFormat)
	}
	return code, nil
}

// digits returns the 128 bits as 26 numbers below 32; the last two bits are 0.
func (c RecoveryCode) digits() []byte {
	digits := make([]byte, 0, recoveryLength)
	var bits, count uint
	for _, b := range c {
		bits, count = bits<<8|uint(b), count+8
		for ; count >= 5; count -= 5 {
			digits = append(digits, byte(bits>>(count-5))&31)
		}
	}
	return append(digits, byte(bits<<(5-count))&31)
}

func readDigits(text string) ([]byte, error) {
	if len(text) > maxRecoveryText {
		return nil, fmt.Errorf("%w: too long", ErrRecoveryFormat)
	}
	typed := strings.NewReplacer("-", "", " ", "", "\t", "", "\r", "", "\n", "", "O", "0", "I", "1", "L", "1").
		Replace(strings.ToUpper(text))
	if len(typed) != recoveryLength {
		return nil, fmt.Errorf("%w: it has %d letters and digits", ErrRecoveryFormat, recoveryLength)
	}
	digits := make([]byte, len(typed))
	for i := range typed {
		d := strings.IndexByte(recoveryAlphabet, typed[i])
		if d < 0 {
			return nil, fmt.Errorf("%w: it has a character that no code has", ErrRecoveryFormat)
		}
		digits[i] = byte(d)
	}
	return digits, nil
}

// checkConstant is what a code with the right check digits leaves: BIP 350's.
const checkConstant = 0x2bc830a3

// checkDigits returns the six numbers that make a code's remainder right.
func checkDigits(digits []byte) []byte {
	rest := polymod(append(append([]byte(nil), digits...), make([]byte, recoveryCheck)...)) ^ checkConstant
	check := make([]byte, recoveryCheck)
	for i := range check {
		check[i] = byte(rest>>(5*(recoveryCheck-1-i))) & 31
	}
	return check
}

// polymod is the remainder of the code by the BCH polynomial of BIP 173,
// which finds every error of up to four characters in up to 89.
func polymod(digits []byte) uint32 {
	generator := [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	rest := uint32(1)
	for _, d := range digits {
		top := rest >> 25
		rest = rest&0x1ffffff<<5 ^ uint32(d)
		for i, g := range generator {
			if top>>i&1 == 1 {
				rest ^= g
			}
		}
	}
	return rest
}
