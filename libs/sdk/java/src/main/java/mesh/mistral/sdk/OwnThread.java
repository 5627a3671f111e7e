package mesh.mistral.sdk;

import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** The one thread that a worker's state belongs to: what is posted to it happens one after the other. */
final class OwnThread implements Executor {
    private static final System.Logger LOG = System.getLogger("mesh.mistral.sdk");

    private final ScheduledThreadPoolExecutor thread;

    OwnThread(ThreadFactory factory) {
        thread = new ScheduledThreadPoolExecutor(1, factory);
        thread.setRemoveOnCancelPolicy(true);
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        thread.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
    }

    /** After the end nothing is done any more. */
    @Override
    public void execute(Runnable deed) {
        try {
            thread.execute(() -> guard(deed));
        } catch (RejectedExecutionException late) {
            LOG.log(System.Logger.Level.DEBUG, "the worker has ended", late);
        }
    }

    void later(long millis, Runnable deed) {
        try {
            thread.schedule(() -> guard(deed), millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException late) {
            LOG.log(System.Logger.Level.DEBUG, "the worker has ended", late);
        }
    }

    Future<?> every(long millis, Runnable deed) {
        return thread.scheduleAtFixedRate(() -> guard(deed), millis, millis, TimeUnit.MILLISECONDS);
    }

    void end() {
        thread.shutdown();
    }

    /** The executor keeps what a task throws to itself. */
    private static void guard(Runnable deed) {
        try {
            deed.run();
        } catch (RuntimeException | Error fault) {
            LOG.log(System.Logger.Level.ERROR, "a fault within the worker", fault);
            throw fault;
        }
    }
}
