package lambent.build;

import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.PropertyName;
import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.introspect.Annotated;
import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.introspect.NopAnnotationIntrospector;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.Parameter;

/** The names that the annotations of a library give to members; they are of the project's own copy of it. */
final class Names extends NopAnnotationIntrospector {
    private static final long serialVersionUID = 1;
    private static final String JACKSON = "com.fasterxml.jackson.annotation.";

    private final String annotation;

    Names(String annotation) {
        this.annotation = annotation;
    }

    /** The value of an annotation by its name; null if there is none. */
    private static Object value(AnnotatedElement element, String annotation) {
        // A parameter has no element.
        for (Annotation one : element == null ? new Annotation[0] : element.getAnnotations()) {
            if (one.annotationType().getName().equals(annotation)) {
                try {
                    return one.annotationType().getMethod("value").invoke(one);
                } catch (ReflectiveOperationException error) {
                    return null;
                }
            }
        }
        return null;
    }

    /** The name that Jackson's annotation gives to a parameter; null if there is none. */
    static String of(Parameter parameter) {
        Object name = value(parameter, JACKSON + "JsonProperty");
        return name == null || "".equals(name) ? null : (String) name;
    }

    /** The constructor all of whose parameters are named; null if there is none. */
    static Constructor<?> constructor(Class<?> type) {
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            boolean isNamed = constructor.getParameterCount() > 0;
            for (Parameter parameter : constructor.getParameters()) {
                isNamed &= of(parameter) != null;
            }
            if (isNamed) {
                return constructor;
            }
        }
        return null;
    }

    private PropertyName name(Annotated annotated) {
        Object name = value(annotated.getAnnotated(), annotation);
        return name == null ? null : PropertyName.construct((String) name);
    }

    @Override
    public PropertyName findNameForSerialization(Annotated annotated) {
        return name(annotated);
    }

    @Override
    public PropertyName findNameForDeserialization(Annotated annotated) {
        return name(annotated);
    }

    @Override
    public boolean hasIgnoreMarker(AnnotatedMember member) {
        return Boolean.TRUE.equals(value(member.getAnnotated(), JACKSON + "JsonIgnore"));
    }
}
