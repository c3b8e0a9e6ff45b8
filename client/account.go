package client

import (
	"context"

	"frond/wire"
)

// Server asks the server about itself.
func (c *Client) Server(ctx context.Context) (info wire.ServerInfo, err error) {
	return info, c.postWire(ctx, wire.PathServer, nil, &info)
}

// KDF asks how the password of a user name is stretched.
func (c *Client) KDF(ctx context.Context, name string) (kdf wire.KDF, err error) {
	return kdf, c.postWire(ctx, wire.PathKDF, wire.KDFRequest{Name: name}, &kdf)
}

// postWire posts one value and reads the answer into out.
func (c *Client) postWire(ctx context.Context, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = wire.Encode(in); err != nil {
			return err
		}
	}
	answer, err := c.cfg.Transport.Post(ctx, path, body)
	if err != nil {
		return reached(ctx, err)
	}
	return wire.Decode(answer, out)
}

// reached turns a transport's error into one with a code.
func reached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if wire.CodeOf(err) == wire.CodeInternal && !isWire(err) {
		return errOffline
	}
	return err
}
