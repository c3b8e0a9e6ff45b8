package api

import "frond/client"

// deviceNews says that a device of the account came, or went.
type deviceNews struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	At    int64  `json:"at"`
	Added bool   `json:"added"`
}

func deviceNewsOf(e client.DeviceNews) deviceNews {
	return deviceNews{e.Device.String(), e.Name, millis(e.At), e.Added}
}
