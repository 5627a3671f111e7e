package mesh.mistral.sdk;

import io.grpc.ManagedChannel;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import mistral.v1.WorkerOuterClass.WorkerDescription;

/** Offers actions to a mesh and runs them, until it is drained. */
public final class Worker implements AutoCloseable {
    /** Version of this SDK. */
    public static final String VERSION = "0.1.0";

    private static final System.Logger LOG = System.getLogger("mesh.mistral.sdk");
    private static final long IDLE_SECONDS = 60;

    private final AtomicBoolean started = new AtomicBoolean();
    private final Duration patience;
    private final ManagedChannel channel;
    private final OwnThread thread;
    private final ThreadPoolExecutor handlers;
    private final Loop loop;

    private Worker(Builder built) {
        patience = built.patience;
        channel = built.channel == null ? built.connection.open() : built.channel;
        thread = new OwnThread(named("mistral-worker", false));
        handlers = new ThreadPoolExecutor(
                built.slots, built.slots, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), named("mistral-run", true));
        handlers.allowCoreThreadTimeOut(true);
        loop = new Loop(channel, built.description(), built.actions, built.codec, built.listener, thread, handlers);
        loop.done().whenComplete((nothing, fault) -> shutDown());
    }

    /** Begins a worker that is set up by the environment; see {@link Builder}. */
    public static Builder builder() {
        return new Builder(System.getenv());
    }

    /** Connects in the background, and connects again whenever the connection breaks. A second call does nothing. */
    public Worker start() {
        if (!started.getAndSet(true)) {
            loop.start();
        }
        return this;
    }

    /** Waits until the mesh has welcomed it for the first time; throws a WorkerException when it does not. */
    public void awaitReady(Duration atMost) throws InterruptedException, TimeoutException {
        await(loop.ready(), atMost);
    }

    /**
     * Works until SIGTERM or SIGINT, or until {@link #drain}: then it takes nothing further, finishes what runs, and returns.
     *
     * @throws WorkerException when the mesh does not want it, or another instance has taken over its name
     */
    public void run() {
        start();
        try (Signals signals = Signals.onTermination(this::drain)) {
            loop.done().join();
        } catch (CompletionException fault) {
            throw fault.getCause() instanceof WorkerException said ? said : fault;
        }
    }

    /** Takes nothing further, and ends when what runs has ended and is recorded. */
    public CompletableFuture<Void> drain() {
        loop.drain(patience);
        return loop.done().copy();
    }

    /** Drains it and waits for the end, as long as the builder's {@code drainTimeout} at most. */
    @Override
    public void close() {
        if (loop.done().isDone()) {
            return;
        }
        try {
            drain();
            await(loop.done(), patience.plusSeconds(1));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            loop.stop("the worker is closed");
        } catch (TimeoutException | WorkerException fault) {
            LOG.log(System.Logger.Level.WARNING, "the worker did not end in peace", fault);
        }
    }

    private static void await(CompletableFuture<Void> future, Duration atMost)
            throws InterruptedException, TimeoutException {
        try {
            future.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException fault) {
            throw fault.getCause() instanceof WorkerException said
                    ? said
                    : new WorkerException("the worker has stopped", fault.getCause());
        }
    }

    private void shutDown() {
        thread.end();
        handlers.shutdown();
        channel.shutdown();
    }

    private static ThreadFactory named(String name, boolean daemon) {
        AtomicInteger number = new AtomicInteger();
        return deed -> {
            Thread made = new Thread(deed, name + "-" + number.incrementAndGet());
            made.setDaemon(daemon);
            return made;
        };
    }

    /**
     * Sets a worker up. What is not said comes from the environment: MISTRAL_GRPC (host:port), MISTRAL_TOKEN, MISTRAL_TLS_CA,
     * MISTRAL_WORKER_ID, MISTRAL_SLOTS, MISTRAL_LABELS (name=value,name=value).
     */
    public static final class Builder {
        private static final int SLOTS = 10;
        private static final int MOST_SLOTS = 10_000;

        private final Map<String, Offered> actions = new LinkedHashMap<>();
        private final Map<String, String> labels = new HashMap<>();
        private final List<String> queues = new ArrayList<>();
        private final List<String> namespaces = new ArrayList<>();
        private Connection connection;
        private ManagedChannel channel;
        private String id;
        private int slots;
        private Codec codec;
        private WorkerListener listener = new WorkerListener() {};
        private Duration patience = Duration.ofMinutes(5);

        Builder(Map<String, String> environment) {
            connection = Connection.from(environment);
            id = environment.getOrDefault("MISTRAL_WORKER_ID", "");
            slots = number(environment.getOrDefault("MISTRAL_SLOTS", String.valueOf(SLOTS)));
            for (String pair : environment.getOrDefault("MISTRAL_LABELS", "").split(",")) {
                addLabel(pair.strip());
            }
        }

        private void addLabel(String pair) {
            int at = pair.indexOf('=');
            if (at > 0) {
                labels.put(pair.substring(0, at).strip(), pair.substring(at + 1).strip());
            } else if (!pair.isEmpty()) {
                throw new IllegalArgumentException("MISTRAL_LABELS must be like gpu=yes,zone=a, and has " + pair);
            }
        }

        /** Where the mesh is. */
        public Builder connection(Connection connection) {
            this.connection = connection;
            return this;
        }

        /** Stable name, the same after a restart, such as {@code resizer-3}. Without one it is made up at every start. */
        public Builder id(String id) {
            this.id = id;
            return this;
        }

        /** Most runs at once, 1 to 10,000. */
        public Builder slots(int slots) {
            this.slots = checked(slots);
            return this;
        }

        /** What tasks may require or prefer, such as {@code gpu} = {@code yes}. */
        public Builder label(String name, String value) {
            labels.put(name, value);
            return this;
        }

        /** Queues it serves; without any, the default one. */
        public Builder queues(String... queues) {
            this.queues.addAll(Arrays.asList(queues));
            return this;
        }

        /** Workflow namespaces it works for; without any, all. */
        public Builder namespaces(String... namespaces) {
            this.namespaces.addAll(Arrays.asList(namespaces));
            return this;
        }

        /** Offers every method of an object that has {@link Action}. */
        public Builder actions(Object target) {
            Methods.of(target).forEach(this::add);
            return this;
        }

        /** Offers a handler of a record, a map or a JSON object. */
        public <I> Builder action(String name, Class<I> input, Handler<I> handler) {
            return action(name, input, ActionOptions.NONE, handler);
        }

        /** Offers a handler, and says more about it. */
        public <I> Builder action(String name, Class<I> input, ActionOptions options, Handler<I> handler) {
            return add(Offered.of(name, options, (Type) input, handler));
        }

        /** Encrypts and decrypts what is marked. */
        public Builder codec(Codec codec) {
            this.codec = codec;
            return this;
        }

        /** Hears what goes on. */
        public Builder listener(WorkerListener listener) {
            this.listener = listener;
            return this;
        }

        /** How long a drain may take before the worker gives up what still runs; 5 minutes if it is not said. */
        public Builder drainTimeout(Duration patience) {
            this.patience = patience;
            return this;
        }

        /** Makes the worker; it connects when it is started. */
        public Worker build() {
            if (actions.isEmpty()) {
                throw new IllegalStateException("a worker needs at least one action");
            }
            boolean encrypting = actions.values().stream().anyMatch(each -> !each.options().encrypt().isEmpty());
            if (encrypting && codec == null) {
                throw new IllegalStateException("actions encrypt parts of their results, and there is no codec");
            }
            return new Worker(this);
        }

        Builder channel(ManagedChannel channel) {
            this.channel = channel;
            return this;
        }

        private Builder add(Offered offered) {
            if (actions.putIfAbsent(offered.name(), offered) != null) {
                throw new IllegalArgumentException("two actions have the name " + offered.name());
            }
            return this;
        }

        private WorkerDescription description() {
            String instance = UUID.randomUUID().toString();
            WorkerDescription.Builder said = WorkerDescription.newBuilder()
                    .setId(id.isEmpty() ? "java-" + instance : id)
                    .setInstance(instance)
                    .setSdk("mistral-java")
                    .setSdkVersion(VERSION)
                    .addAllNamespaces(namespaces)
                    .addAllQueues(queues)
                    .putAllLabels(labels)
                    .setSlots(slots);
            actions.values().forEach(each -> said.addActions(each.offer()));
            return said.build();
        }

        private static int number(String text) {
            try {
                return checked(Integer.parseInt(text));
            } catch (NumberFormatException fault) {
                throw new IllegalArgumentException("MISTRAL_SLOTS is no whole number: '" + text + "'", fault);
            }
        }

        private static int checked(int slots) {
            if (slots < 1 || slots > MOST_SLOTS) {
                throw new IllegalArgumentException("slots are 1 to " + MOST_SLOTS + ", not " + slots);
            }
            return slots;
        }
    }
}
