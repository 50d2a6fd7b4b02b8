package lambent.guest.additions;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A class whose public methods are added to a class of Java's library. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Adds {
    /** The name of the class that gets the methods. */
    String value();

    /** Whether the class is made without anything in it, as nothing of what its constructors make is used. */
    boolean isConstructedEmpty() default false;

    /** A method of objects, whose first parameter is the object. */
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.METHOD)
    @interface Instance {
    }
}
