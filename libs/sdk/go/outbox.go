package mistral

import (
	"time"

	"google.golang.org/protobuf/proto"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

const (
	// progressEvery is how often progress is sent at most; a handler may tell it as often as it likes.
	progressEvery = 100 * time.Millisecond
	// mostLines are kept of a run while they cannot be sent, the latest ones.
	mostLines = 1000
	lineBytes = 8192
)

// limits are the terms of a session.
type limits struct {
	batch int
	bytes int
}

// outbox collects what is to be said to the server until it can be sent. It is not safe for concurrent use.
type outbox struct {
	acks     []string
	results  []*pb.AssignmentResult
	progress map[string]*pb.AssignmentProgress
	sent     time.Time
}

func newOutbox() *outbox { return &outbox{progress: map[string]*pb.AssignmentProgress{}} }

// reconnected begins a session anew: hello says what is held, so that acks are of no use, and all results go again.
func (o *outbox) reconnected(unrecorded []*pb.AssignmentResult) {
	o.acks, o.results, o.sent = nil, unrecorded, time.Time{}
}

// forget drops what was to be said of a run.
func (o *outbox) forget(token string) { delete(o.progress, token) }

// note merges progress with what was not sent yet.
func (o *outbox) note(news *pb.AssignmentProgress) {
	waiting := o.progress[news.Token]
	if waiting == nil {
		o.progress[news.Token] = news
		return
	}
	if news.Percent != nil {
		waiting.Percent = news.Percent
	}
	if news.Details != nil {
		waiting.Details = news.Details
	}
	waiting.Lines = append(waiting.Lines, news.Lines...)
	if surplus := len(waiting.Lines) - mostLines; surplus > 0 {
		waiting.Lines = waiting.Lines[surplus:]
	}
}

// take returns the messages to send now, and after how long to look again for progress that waits; 0 for never.
func (o *outbox) take(terms limits, now time.Time) (messages []*pb.WorkRequest, again time.Duration) {
	for _, tokens := range chunks(o.acks, terms.batch) {
		messages = append(messages, &pb.WorkRequest{
			Message: &pb.WorkRequest_Acks{Acks: &pb.WorkerAcks{Tokens: tokens}},
		})
	}
	o.acks = nil
	if len(o.progress) > 0 {
		// What a run told comes before its result.
		if again = progressEvery - now.Sub(o.sent); again <= 0 || len(o.results) > 0 {
			messages, again = append(messages, o.takeProgress(terms)...), 0
			o.sent = now
		}
	}
	for _, results := range batches(o.results, terms) {
		messages = append(messages, &pb.WorkRequest{
			Message: &pb.WorkRequest_Results{Results: &pb.WorkerResults{Results: results}},
		})
	}
	o.results = nil
	return messages, again
}

func (o *outbox) takeProgress(terms limits) (messages []*pb.WorkRequest) {
	var all []*pb.AssignmentProgress
	for _, news := range o.progress {
		all = append(all, news)
	}
	clear(o.progress)
	for _, progress := range batches(all, terms) {
		messages = append(messages, &pb.WorkRequest{
			Message: &pb.WorkRequest_Progress{Progress: &pb.WorkerProgress{Progress: progress}},
		})
	}
	return messages
}

// chunks splits a list into parts of at most `most`.
func chunks[T any](items []T, most int) (parts [][]T) {
	for most > 0 && len(items) > most {
		parts, items = append(parts, items[:most]), items[most:]
	}
	if len(items) > 0 {
		parts = append(parts, items)
	}
	return parts
}

// batches splits a list into parts that keep to the terms; an item that is larger than a message goes alone.
func batches[T proto.Message](items []T, terms limits) (parts [][]T) {
	begin, bytes := 0, 0
	for index, item := range items {
		size := proto.Size(item) + 8
		if index > begin && (index-begin == terms.batch || bytes+size > terms.bytes) {
			parts, begin, bytes = append(parts, items[begin:index]), index, 0
		}
		bytes += size
	}
	if begin < len(items) {
		parts = append(parts, items[begin:])
	}
	return parts
}
