package identity

// SignKeyRequest signs a request for message keys with the device's key. It fails with ErrKey when that is
// the zero value.
func SignKeyRequest(device DeviceKey, request []byte) ([]byte, error) {
	return device.key.sign(labelRequest, request)
}

// VerifyKeyRequest checks a signature that SignKeyRequest made. It fails with ErrKey or ErrSignature.
func VerifyKeyRequest(deviceKey [32]byte, request, signature []byte) error {
	return verify(deviceKey, labelRequest, request, signature)
}
