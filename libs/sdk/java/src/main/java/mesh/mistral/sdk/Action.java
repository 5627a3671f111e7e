package mesh.mistral.sdk;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Offers a method as an action that tasks of workflows may call.
 *
 * <p>Its parameters are the input of the action, by their names (compile with {@code -parameters}, or name them by {@link
 * Param}); a single record, map or JSON object takes the whole input. A {@link Context} may stand anywhere. What it returns is
 * the result; a {@code CompletionStage} ends the run when it ends.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Action {
    /** Name that tasks call it by, such as {@code images.resize}. */
    String value();

    /** What it does, for people; the first line stands in lists. */
    String description() default "";

    /** Whether a second run does no harm. */
    boolean safeRerun() default false;

    /** Whether all projects may use it; the policy must let this worker publish actions. */
    boolean shared() default false;

    /** Most runs of it at once in this worker; 0 leaves it to the slots. */
    int concurrency() default 0;

    /**
     * Ways to what is encrypted before a result leaves, such as {@code card.number} or {@code lines.*.secret}; needs a codec.
     * What is at the same ways of the input may arrive encrypted.
     */
    String[] encrypt() default {};
}
