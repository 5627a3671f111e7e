package mesh.mistral.sdk;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Names a parameter of an action, or a component of a record that is its input. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.PARAMETER, ElementType.RECORD_COMPONENT})
public @interface Param {
    /** Name within the input; empty for the name in the code. In a record it must be that name. */
    String value() default "";

    /** Whether it must be given; otherwise it is null, 0 or false without a value. An {@code Optional} need not be given. */
    boolean required() default true;
}
