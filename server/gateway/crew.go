package gateway

// crew runs jobs on goroutines that stay for the next one: a stack that grew for one message has then
// grown for all, and connections at rest need none. A job that waits, such as a write to a slow client,
// keeps nobody from working, because whoever finds no idle goroutine starts one.
type crew struct {
	jobs chan func()   // unbuffered: taken only by who is idle
	idle chan struct{} // one token for each that is
}

// maxCrew goroutines at most stay idle.
const maxCrew = 16

func newCrew() crew {
	return crew{jobs: make(chan func()), idle: make(chan struct{}, maxCrew)}
}

// do runs a job on another goroutine, which goes when done is closed.
func (k *crew) do(job func(), done <-chan struct{}) {
	select {
	case k.jobs <- job:
	default:
		go k.work(job, done)
	}
}

func (k *crew) work(job func(), done <-chan struct{}) {
	for {
		job()
		select {
		case k.idle <- struct{}{}:
		default:
			return // enough are idle
		}
		select {
		case job = <-k.jobs:
			<-k.idle
		case <-done:
			return
		}
	}
}
