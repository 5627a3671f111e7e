package mistral

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

const patience = 20 * time.Second

// peer is a server that says what a test wants it to say, over a real connection.
type peer struct {
	pb.UnimplementedWorkerServiceServer
	address  string
	sessions chan *visit
	t        *testing.T
}

// visit is one session of a worker, played by the test.
type visit struct {
	t      *testing.T
	stream pb.WorkerService_WorkServer
	hello  *pb.WorkerHello
	tokens []string
	heard  chan *pb.WorkRequest
	end    chan error
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{address: listener.Addr().String(), sessions: make(chan *visit, 8), t: t}
	server := grpc.NewServer()
	pb.RegisterWorkerServiceServer(server, p)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return p
}

func (p *peer) Work(stream pb.WorkerService_WorkServer) error {
	request, err := stream.Recv()
	if err != nil {
		return err
	}
	caller, _ := metadata.FromIncomingContext(stream.Context())
	v := &visit{
		t: p.t, stream: stream, hello: request.GetHello(), tokens: caller.Get("authorization"),
		heard: make(chan *pb.WorkRequest, 1000), end: make(chan error, 1),
	}
	p.sessions <- v
	go func() {
		defer close(v.heard)
		for {
			said, err := stream.Recv()
			if err != nil {
				return
			}
			v.heard <- said
		}
	}()
	select {
	case err := <-v.end:
		return err
	case <-stream.Context().Done():
		return status.Error(codes.Canceled, "gone")
	}
}

// session waits for the worker to connect.
func (p *peer) session() *visit {
	p.t.Helper()
	select {
	case v := <-p.sessions:
		return v
	case <-time.After(patience):
		p.t.Fatal("nobody connected")
		return nil
	}
}

// welcomed waits for the worker and welcomes it.
func (p *peer) welcomed(rejections ...*pb.Rejection) *visit {
	p.t.Helper()
	v := p.session()
	v.welcome(rejections...)
	return v
}

func (v *visit) welcome(rejections ...*pb.Rejection) {
	v.say(&pb.WorkResponse{Message: &pb.WorkResponse_Welcome{Welcome: &pb.ServerWelcome{
		Session: "s", Executor: "e", Rejections: rejections,
		Terms: &pb.WorkerTerms{
			HeartbeatInterval: durationpb.New(50 * time.Millisecond), LargestBatch: 10, LargestPayloadBytes: 1000,
		},
	}}})
}

func (v *visit) say(message *pb.WorkResponse) {
	v.t.Helper()
	if err := v.stream.Send(message); err != nil {
		v.t.Fatal(err)
	}
}

func (v *visit) assign(action string, tokens ...string) {
	v.t.Helper()
	message := &pb.ServerAssignments{}
	for _, token := range tokens {
		message.Assignments = append(message.Assignments, &pb.Assignment{
			Token: token, Action: action, Input: []byte(`{"n":9007199254740993}`), Encoding: "json", Attempt: 1,
			IdempotencyKey: "key of " + token, ActionExecutionId: "key of " + token,
		})
	}
	v.say(&pb.WorkResponse{Message: &pb.WorkResponse_Assignments{Assignments: message}})
}

func (v *visit) record(tokens ...string) {
	v.t.Helper()
	v.say(&pb.WorkResponse{Message: &pb.WorkResponse_Recorded{Recorded: &pb.ServerRecorded{Tokens: tokens}}})
}

// until reads what the worker says up to the first message that fits; heartbeats are passed over unless asked for.
func (v *visit) until(fits func(*pb.WorkRequest) bool) *pb.WorkRequest {
	v.t.Helper()
	late := time.After(patience)
	for {
		select {
		case said, open := <-v.heard:
			if !open {
				v.t.Fatal("the worker said no more")
			}
			if fits(said) {
				return said
			}
		case <-late:
			v.t.Fatal("waited in vain for the worker to say it")
		}
	}
}

func (v *visit) credits() int32 {
	v.t.Helper()
	return v.until(func(m *pb.WorkRequest) bool { return m.GetCredits() != nil }).GetCredits().More
}

func (v *visit) result() *pb.AssignmentResult {
	v.t.Helper()
	results := v.until(func(m *pb.WorkRequest) bool { return m.GetResults() != nil }).GetResults().Results
	if len(results) != 1 {
		v.t.Fatalf("%d results at once", len(results))
	}
	return results[0]
}

// running is a worker that runs beside a test.
type running struct {
	t     *testing.T
	leave context.CancelFunc
	ended chan error
}

func start(t *testing.T, w *Worker) *running {
	ctx, leave := context.WithCancel(context.Background())
	r := &running{t: t, leave: leave, ended: make(chan error, 1)}
	go func() { r.ended <- w.Run(ctx) }()
	t.Cleanup(leave)
	return r
}

func (r *running) wait() error {
	r.t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(patience):
		r.t.Fatal("the worker did not end")
		return nil
	}
}

// at makes a worker with an action `go` that waits for its release, and `echo`.
func at(t *testing.T, p *peer, options Options) (w *Worker, begun chan Run, release chan error) {
	t.Helper()
	options.Address, options.ID, options.Log = p.address, "w", slog.New(slog.NewTextHandler(io.Discard, nil))
	if options.Slots == 0 {
		options.Slots = 2
	}
	w, begun, release = NewWorker(options), make(chan Run, 10), make(chan error)
	Action(w, "echo", func(_ Context, in map[string]any) (map[string]any, error) { return in, nil })
	Action(w, "go", func(ctx Context, _ any) (string, error) {
		begun <- ctx.Run()
		select {
		case err := <-release:
			return "done", err
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	})
	return w, begun, release
}
