package mistral

// EventKind says what happened to a worker.
type EventKind string

const (
	// EventConnected: a server has welcomed the worker.
	EventConnected EventKind = "connected"
	// EventDisconnected: the session has ended; Err says why.
	EventDisconnected EventKind = "disconnected"
	// EventAssigned: a run has come and is about to be acknowledged and begun.
	EventAssigned EventKind = "assigned"
	// EventFinished: a handler has ended; Err is its error.
	EventFinished EventKind = "finished"
	// EventSent: a result was sent, for the first time or again.
	EventSent EventKind = "sent"
	// EventRecorded: the server has a result.
	EventRecorded EventKind = "recorded"
	// EventRejected: a run is not the worker's any more; Err says why.
	EventRejected EventKind = "rejected"
	// EventCancelled: a run is to stop; Err says why.
	EventCancelled EventKind = "cancelled"
)

// Event is something that happened to a worker.
type Event struct {
	Kind EventKind
	// Session is the session's name, for EventConnected and EventDisconnected.
	Session string
	// Run is what it happened to, for all others. It is the zero value when the run is not known any more.
	Run Run
	Err error

	input []byte
}

// Decode reads the input of the run, as it came; there is one for EventAssigned alone.
func (e Event) Decode(into any) error { return decode(e.input, into) }

func (w *Worker) observe(event Event) {
	if w.options.Observe != nil {
		w.options.Observe(event)
	}
}
