package identity

// SignContent signs the bytes of a content with the device's key. It fails
// with ErrKey when the device key is the zero value.
func SignContent(device DeviceKey, content []byte) ([]byte, error) {
	return device.key.sign(labelContent, content)
}

// VerifyContent checks a signature that SignContent made. It fails with ErrKey
// or ErrSignature.
func VerifyContent(deviceKey [32]byte, content, signature []byte) error {
	return verify(deviceKey, labelContent, content, signature)
}
