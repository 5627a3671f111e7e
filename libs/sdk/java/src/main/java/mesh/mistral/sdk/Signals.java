package mesh.mistral.sdk;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Does something on SIGTERM or SIGINT instead of ending the process, so that it can end well. The second signal ends it at once.
 */
final class Signals implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("mesh.mistral.sdk");
    private static final int SIGNALLED = 128;

    private final Map<Signal, SignalHandler> before = new LinkedHashMap<>();
    private final AtomicBoolean asked = new AtomicBoolean();

    private Signals() {}

    static Signals onTermination(Runnable deed) {
        Signals signals = new Signals();
        signals.handle("TERM", deed);
        signals.handle("INT", deed);
        return signals;
    }

    private void handle(String name, Runnable deed) {
        try {
            Signal signal = new Signal(name);
            before.put(signal, Signal.handle(signal, caught -> {
                if (asked.getAndSet(true)) {
                    Runtime.getRuntime().halt(SIGNALLED + caught.getNumber());
                }
                deed.run();
            }));
        } catch (IllegalArgumentException fault) {
            // Java was told to leave signals alone (-Xrs), or somebody else handles this one: then a drain is theirs to ask for.
            LOG.log(System.Logger.Level.INFO, "SIG{0} does not drain the worker: {1}", name, fault.getMessage());
        }
    }

    @Override
    public void close() {
        before.forEach(Signal::handle);
    }
}
