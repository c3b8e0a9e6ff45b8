package client

// Removing says from how many conversations this device is still to take removed devices of the account. That
// goes on as long as it runs, and again when it is started anew.
type Removing struct{ Left int }

func (Removing) event() {}

// takeOut takes a conversation's next place among the wants for what planTidy finds to do.
func (c *Client) takeOut(v *conversation, removes bool) {
	if removes {
		c.removing[v]++
	}
	v.wants = append(v.wants, &want{stage: c.planTidy, done: func(err error) {
		if removes {
			c.takenOut(v)
		}
		if err == nil {
			c.tidyLater(v)
		}
	}})
	c.advance(v)
}

func (c *Client) takenOut(v *conversation) {
	if c.removing[v]--; c.removing[v] <= 0 {
		delete(c.removing, v)
	}
	c.tellRemoving()
}

// tellRemoving tells how far it is, when that changed.
func (c *Client) tellRemoving() {
	if n := len(c.removing); n != c.toldLeft {
		c.toldLeft = n
		c.emit(Removing{Left: n})
	}
}
