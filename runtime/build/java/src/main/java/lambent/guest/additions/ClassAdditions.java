package lambent.guest.additions;

import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;

/** Reflection, which is not there. */
@Adds("java.lang.Class")
public final class ClassAdditions {
    private ClassAdditions() {
    }

    private static UnsupportedOperationException none(Class<?> of) {
        return new UnsupportedOperationException("there is no reflection in WebAssembly, which was asked for of "
                + of.getName());
    }

    @Adds.Instance
    public static Method[] getDeclaredMethods(Class<?> self) {
        throw none(self);
    }

    @Adds.Instance
    public static Method[] getMethods(Class<?> self) {
        throw none(self);
    }

    @Adds.Instance
    public static Method getMethod(Class<?> self, String name, Class<?>[] types) {
        throw none(self);
    }

    @Adds.Instance
    public static Method getDeclaredMethod(Class<?> self, String name, Class<?>[] types) {
        throw none(self);
    }

    @Adds.Instance
    public static Field[] getDeclaredFields(Class<?> self) {
        throw none(self);
    }

    @Adds.Instance
    public static Field[] getFields(Class<?> self) {
        throw none(self);
    }

    @Adds.Instance
    public static Field getField(Class<?> self, String name) {
        throw none(self);
    }

    @Adds.Instance
    public static Field getDeclaredField(Class<?> self, String name) {
        throw none(self);
    }

    @Adds.Instance
    public static Constructor<?>[] getDeclaredConstructors(Class<?> self) {
        throw none(self);
    }

    @Adds.Instance
    public static Constructor<?>[] getConstructors(Class<?> self) {
        throw none(self);
    }

    @Adds.Instance
    public static Constructor<?> getConstructor(Class<?> self, Class<?>[] types) {
        throw none(self);
    }

    @Adds.Instance
    public static Constructor<?> getDeclaredConstructor(Class<?> self, Class<?>[] types) {
        throw none(self);
    }

    /** There are no resources, which is what Java says of one that is missing. */
    @Adds.Instance
    public static InputStream getResourceAsStream(Class<?> self, String name) {
        return null;
    }
}
