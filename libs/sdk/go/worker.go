// Package mistral connects Go programs to Mistral Mesh: workers that offer actions, and a client that starts workflows.
//
// A [Worker] offers what [Action] gives it and runs it until it is told to leave. A [Client] uploads, starts, watches
// and steers workflows. Values are JSON; every digit of large integers is kept.
package mistral

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

const (
	sdkName      = "mistral-go"
	sdkVersion   = "0.1.0"
	defaultSlots = 10
	// largestUnlessTold is the most bytes of a result before a server has said its terms.
	largestUnlessTold = 4 << 20
)

// Options of a worker. What is not given is read from the environment.
type Options struct {
	Connection
	// ID is the worker's stable name, unique within the project; by default MISTRAL_WORKER_ID, else host name and process
	// id. When a worker starts again under its name, its lost runs are handed on at once and not when their leases end.
	ID string
	// Slots are the most runs at once; by default MISTRAL_SLOTS, else 10.
	Slots int
	// Queues that it serves: tasks name theirs as `target`. None means the default one.
	Queues []string
	// Namespaces of workflows that it works for; none means all.
	Namespaces []string
	// Labels that tasks may require or prefer; by default those of MISTRAL_LABELS, such as `gpu=yes,zone=a`.
	Labels map[string]string
	// Codec encrypts and decrypts secrets.
	Codec Codec
	// DrainTimeout is how long [Worker.Run] waits for runs when it is told to leave; 0 is as long as they take.
	DrainTimeout time.Duration
	// Log is where the worker writes; by default slog.Default(). Inputs, results and tokens are never written.
	Log *slog.Logger
	// Observe is told what happens, for metrics. It is called in line: it must return soon.
	Observe func(Event)
}

// Worker offers actions to workflows and runs them.
type Worker struct {
	options  Options
	instance string
	actions  map[string]*action
	faults   []error
	log      *slog.Logger
	started  atomic.Bool
	bytes    atomic.Int64

	// mu guards the account of runs and what is to be said of them.
	mu      sync.Mutex
	ledger  *ledger
	outbox  *outbox
	lease   time.Duration
	settled chan struct{}
	wake    chan struct{}
}

// NewWorker makes a worker that offers nothing yet. What is wrong with the options is returned by [Worker.Run].
func NewWorker(options Options) *Worker {
	w := &Worker{actions: map[string]*action{}, settled: make(chan struct{}), wake: make(chan struct{}, 1)}
	w.instance = rand.Text()
	w.bytes.Store(largestUnlessTold)
	if err := options.fill(); err != nil {
		w.faults = append(w.faults, err)
	}
	w.options, w.log = options, options.Log.With("worker", options.ID)
	w.ledger, w.outbox = newLedger(options.Slots), newOutbox()
	return w
}

func (o *Options) fill() (err error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.ID == "" {
		if o.ID = os.Getenv("MISTRAL_WORKER_ID"); o.ID == "" {
			host, _ := os.Hostname() // without a name, the process id has to do
			o.ID = fmt.Sprintf("%s-%d", host, os.Getpid())
		}
	}
	if slots := os.Getenv("MISTRAL_SLOTS"); o.Slots == 0 && slots != "" {
		if o.Slots, err = strconv.Atoi(slots); err != nil || o.Slots < 1 {
			return fmt.Errorf("mistral: MISTRAL_SLOTS must be a number from 1, and is %q", slots)
		}
	}
	if o.Slots == 0 {
		o.Slots = defaultSlots
	}
	if o.Labels == nil {
		if o.Labels, err = labelsOf(os.Getenv("MISTRAL_LABELS")); err != nil {
			return err
		}
	}
	if o.Slots < 1 {
		return fmt.Errorf("mistral: a worker needs at least one slot, not %d", o.Slots)
	}
	return nil
}

// labelsOf reads `name=value,name=value`.
func labelsOf(text string) (map[string]string, error) {
	labels := map[string]string{}
	for _, pair := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		name, value, found := strings.Cut(strings.TrimSpace(pair), "=")
		if !found || name == "" {
			return nil, fmt.Errorf("mistral: MISTRAL_LABELS must be like `gpu=yes,zone=a`, and has %q", pair)
		}
		labels[name] = value
	}
	return labels, nil
}

func (w *Worker) offer(offered *action) {
	name := offered.offer.Name
	_, twice := w.actions[name]
	switch {
	case name == "" || len(name) > 255:
		w.faults = append(w.faults, fmt.Errorf("mistral: an action's name has 1 to 255 characters: %q", name))
	case strings.HasPrefix(name, "std."):
		w.faults = append(w.faults, fmt.Errorf("mistral: names that begin with `std.` are taken: %q", name))
	case twice:
		w.faults = append(w.faults, fmt.Errorf("mistral: the action %q is offered twice", name))
	case len(offered.secrets) > 0 && w.options.Codec == nil:
		w.faults = append(w.faults, fmt.Errorf("mistral: %q marks secrets, and the worker has no codec", name))
	}
	w.actions[name] = offered
}

// Main runs a worker until the process gets SIGTERM or Ctrl-C, lets its runs end, and exits: with 0 if all went well.
// A second signal ends the process at once.
func Main(w *Worker) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := w.Run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Run works until the context ends; then it takes nothing further, waits for its runs and their results, and returns.
// A lost connection is made again, for as long as it takes. It can be called once.
//
// It returns early if the worker cannot work: faulty options or actions, credentials or a policy that do not let it, or
// [ErrSuperseded].
func (w *Worker) Run(ctx context.Context) error {
	if len(w.faults) > 0 {
		return errors.Join(w.faults...)
	}
	if w.started.Swap(true) {
		return errors.New("mistral: a worker runs once")
	}
	connection, err := w.options.Connection.open()
	if err != nil {
		return err
	}
	defer connection.Close()
	life, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(context.Canceled)
	stopWaiting := context.AfterFunc(ctx, func() { w.drain(end) })
	defer stopWaiting()
	return w.stay(life, connection)
}

// drain takes nothing further; `end` is called when the runs take too long.
func (w *Worker) drain(end context.CancelCauseFunc) {
	w.log.Info("leaving: no further runs are taken")
	w.mu.Lock()
	w.ledger.draining = true
	w.settle()
	w.mu.Unlock()
	w.rouse()
	if w.options.DrainTimeout > 0 {
		timer := time.NewTimer(w.options.DrainTimeout)
		defer timer.Stop()
		select {
		case <-timer.C:
			end(ErrDrainTimeout)
		case <-w.settled:
		}
	}
}

// settle notes, under the lock, that the worker is leaving and has nothing left to do.
func (w *Worker) settle() {
	if w.ledger.draining && w.ledger.idle() && !w.isSettled() {
		close(w.settled)
	}
}

func (w *Worker) isSettled() bool {
	select {
	case <-w.settled:
		return true
	default:
		return false
	}
}

// rouse tells the writer that there is something to say.
func (w *Worker) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *Worker) largest() int { return int(w.bytes.Load()) }

func (w *Worker) description() *pb.WorkerDescription {
	described := &pb.WorkerDescription{
		Id: w.options.ID, Instance: w.instance, Sdk: sdkName, SdkVersion: sdkVersion,
		Namespaces: w.options.Namespaces, Queues: w.options.Queues, Labels: w.options.Labels,
		Slots: int32(w.options.Slots),
	}
	for _, name := range slices.Sorted(maps.Keys(w.actions)) {
		described.Actions = append(described.Actions, w.actions[name].offer)
	}
	return described
}

func newBackoff() *backoff {
	return &backoff{first: 100 * time.Millisecond, most: 5 * time.Second, chance: mathrand.Float64}
}
