package mistral

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

const mostDetails = 64 << 10

// Run says what a handler works on.
type Run struct {
	Action string
	// IdempotencyKey is the same for every attempt of this run and different for every other run.
	IdempotencyKey string
	// Attempt counts how often the run was given out, from 1.
	Attempt int
	// Token completes a deferred run, see [Client.Complete]. Whoever has it may do so: it is a secret.
	Token             string
	ActionExecutionID string
	TaskExecutionID   string
	TaskName          string
	ExecutionID       string
	WorkflowName      string
	WorkflowNamespace string
	ProjectID         string
	// Index is the position of the item, for a task with items.
	Index int
	Queue string
	// ScheduledAt is when the run was sent to the queue.
	ScheduledAt time.Time
	// Traceparent is the W3C trace context; empty when it is not sampled.
	Traceparent string
	SafeRerun   bool
}

// Context is what a handler gets beside its input. As a context.Context it ends when the run is cancelled
// ([ErrCancelled] is its cause then), at the run's deadline, and when the worker has lost the run ([ErrLeaseLost]).
// Leases are renewed by the worker as long as the handler runs.
type Context interface {
	context.Context
	// Run says what this is a run of.
	Run() Run
	// Logger writes lines that are kept with the run, and to the worker's log. Do not log secrets.
	Logger() *slog.Logger
	// Progress tells how far the run is: 0 to 100, a negative number leaves it as it was. Details are a JSON value of at
	// most 64 KiB from which the next attempt can go on; nil leaves them as they were.
	Progress(percent float64, details any) error
	// LastProgress reads the details that the last attempt told, and says whether there are any.
	LastProgress(into any) (bool, error)
}

// runContext is the context of a run, here or in a trial.
type runContext struct {
	context.Context
	run    Run
	last   []byte
	logger *slog.Logger
	tell   func(*pb.AssignmentProgress)
}

func newRunContext(
	ctx context.Context, assignment *pb.Assignment, logger *slog.Logger, tell func(*pb.AssignmentProgress),
) *runContext {
	run := Run{
		Action: assignment.Action, IdempotencyKey: assignment.IdempotencyKey, Attempt: int(assignment.Attempt),
		Token: assignment.Token, ActionExecutionID: assignment.ActionExecutionId,
		TaskExecutionID: assignment.TaskExecutionId, TaskName: assignment.TaskName,
		ExecutionID: assignment.ExecutionId, WorkflowName: assignment.WorkflowName,
		WorkflowNamespace: assignment.WorkflowNamespace, ProjectID: assignment.ProjectId,
		Index: int(assignment.Index), Queue: assignment.Queue, Traceparent: assignment.Traceparent,
		SafeRerun: assignment.SafeRerun,
	}
	if assignment.ScheduledAt != nil {
		run.ScheduledAt = assignment.ScheduledAt.AsTime()
	}
	made := &runContext{Context: ctx, run: run, last: assignment.ProgressDetails, tell: tell}
	local := logger.With("action", run.Action, "action_execution_id", run.ActionExecutionID)
	made.logger = slog.New(&lines{token: run.Token, tell: tell, local: local.Handler()})
	return made
}

func (c *runContext) Run() Run { return c.run }

func (c *runContext) Logger() *slog.Logger { return c.logger }

func (c *runContext) Progress(percent float64, details any) error {
	news := &pb.AssignmentProgress{Token: c.run.Token}
	if percent > 100 || math.IsNaN(percent) {
		return fmt.Errorf("mistral: a progress of %v %%: 0 to 100 is possible", percent)
	}
	if percent >= 0 {
		news.Percent = &percent
	}
	if details != nil {
		text, err := encode(details)
		if err != nil {
			return fmt.Errorf("mistral: details of progress: %w", err)
		}
		if len(text) > mostDetails {
			return fmt.Errorf("mistral: details of progress have %d bytes, at most %d are allowed", len(text), mostDetails)
		}
		news.Details = text
	}
	c.tell(news)
	return nil
}

func (c *runContext) LastProgress(into any) (bool, error) {
	if len(c.last) == 0 {
		return false, nil
	}
	if err := decode(c.last, into); err != nil {
		return false, fmt.Errorf("mistral: details of the last attempt: %w", err)
	}
	return true, nil
}

// lines is a slog.Handler that keeps lines with the run and passes them on.
type lines struct {
	token  string
	tell   func(*pb.AssignmentProgress)
	local  slog.Handler
	suffix string
	group  string
}

// Enabled lets everything but debugging through, and that too if the worker's log wants it.
func (l *lines) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || l.local.Enabled(ctx, level)
}

func (l *lines) Handle(ctx context.Context, record slog.Record) error {
	var text strings.Builder
	text.WriteString(record.Message)
	text.WriteString(l.suffix)
	record.Attrs(func(attribute slog.Attr) bool {
		text.WriteString(l.written(attribute))
		return true
	})
	l.tell(&pb.AssignmentProgress{Token: l.token, Lines: []*pb.LogLine{{
		Time: timestamppb.New(record.Time), Level: levelOf(record.Level), Message: cut(text.String(), lineBytes),
	}}})
	if !l.local.Enabled(ctx, record.Level) {
		return nil
	}
	return l.local.Handle(ctx, record)
}

func (l *lines) WithAttrs(attributes []slog.Attr) slog.Handler {
	more := *l
	for _, attribute := range attributes {
		more.suffix += l.written(attribute)
	}
	more.local = l.local.WithAttrs(attributes)
	return &more
}

func (l *lines) WithGroup(name string) slog.Handler {
	if name == "" {
		return l
	}
	more := *l
	more.group += name + "."
	more.local = l.local.WithGroup(name)
	return &more
}

func (l *lines) written(attribute slog.Attr) string {
	return fmt.Sprintf(" %s%s=%v", l.group, attribute.Key, attribute.Value.Resolve())
}

func levelOf(level slog.Level) pb.LogLevel {
	switch {
	case level >= slog.LevelError:
		return pb.LogLevel_LOG_LEVEL_ERROR
	case level >= slog.LevelWarn:
		return pb.LogLevel_LOG_LEVEL_WARNING
	case level >= slog.LevelInfo:
		return pb.LogLevel_LOG_LEVEL_INFO
	default:
		return pb.LogLevel_LOG_LEVEL_DEBUG
	}
}

// valid replaces what is no UTF-8, which a message cannot carry.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// cut shortens a text to at most so many bytes, and not within a character.
func cut(text string, most int) string {
	text = valid(text)
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
