package lambent.build;

import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.annotation.PropertyAccessor;
import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.BeanDescription;
import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.JavaType;
import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.ObjectMapper;
import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.ObjectReader;
import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.ObjectWriter;
import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import com.amazonaws.services.lambda.runtime.serialization.events.LambdaEventSerializers;
import com.amazonaws.services.lambda.runtime.serialization.factories.JacksonFactory;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Which members of JSON the classes of an event or of an answer have: Lambda's own serialization
 * is asked, with its settings of Jackson and its names for the members of its event types.
 */
final class Rules {
    private static final String S3 = "com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification";

    /** The classes that Lambda reads by their constructors, and the members these take. */
    private static final Map<String, String[]> CONSTRUCTED = Map.of(
            "com.amazonaws.services.lambda.runtime.events.S3Event", new String[] {"Records"},
            S3, new String[] {"Records"},
            S3 + "$S3EventNotificationRecord", new String[] {"awsRegion", "eventName", "eventSource", "eventTime",
                "eventVersion", "requestParameters", "responseElements", "s3", "userIdentity"},
            S3 + "$S3Entity", new String[] {"configurationId", "bucket", "object", "s3SchemaVersion"},
            S3 + "$S3BucketEntity", new String[] {"name", "ownerIdentity", "arn"},
            S3 + "$S3ObjectEntity", new String[] {"key", "size", "eTag", "versionId", "sequencer"},
            S3 + "$RequestParametersEntity", new String[] {"sourceIPAddress"},
            S3 + "$ResponseElementsEntity", new String[] {"x-amz-id-2", "x-amz-request-id"},
            S3 + "$UserIdentityEntity", new String[] {"principalId"});

    /** A member of JSON, and the method or field that reads or writes it. */
    static final class Property {
        final String name;
        final Member member;
        final JavaType type;

        Property(String name, Member member, JavaType type) {
            this.name = name;
            this.member = member;
            this.type = type;
        }
    }

    private final ObjectReader reader;
    private final ObjectWriter writer;
    private final boolean isEvent;

    /** The rules for a type and what is in it. */
    Rules(Class<?> root, ClassLoader loader) {
        isEvent = LambdaEventSerializers.isLambdaSupportedEvent(root.getName()) && !CONSTRUCTED.containsKey(root.getName());
        if (isEvent) {
            PojoSerializer<?> serializer = LambdaEventSerializers.serializerFor(root, loader);
            reader = (ObjectReader) field(serializer, "reader");
            writer = (ObjectWriter) field(serializer, "writer");
        } else {
            reader = JacksonFactory.getInstance().getMapper().reader();
            writer = JacksonFactory.getInstance().getMapper().writer();
        }
    }

    private Rules(ObjectMapper mapper) {
        isEvent = false;
        reader = mapper.reader();
        writer = mapper.writer();
    }

    /** The rules of Gson as it is without settings: all fields, by their names. */
    static Rules ofGson() {
        ObjectMapper mapper = JacksonFactory.getInstance().getMapper().copy();
        mapper.setAnnotationIntrospector(new Names("com.google.gson.annotations.SerializedName"));
        mapper.setVisibility(PropertyAccessor.ALL, JsonAutoDetect.Visibility.NONE);
        mapper.setVisibility(PropertyAccessor.FIELD, JsonAutoDetect.Visibility.ANY);
        return new Rules(mapper);
    }

    /** The rules of Jackson as it is without settings, but for null members, which are left out. */
    static Rules ofJackson() {
        ObjectMapper mapper = JacksonFactory.getInstance().getMapper().copy();
        mapper.setAnnotationIntrospector(new Names("com.fasterxml.jackson.annotation.JsonProperty"));
        return new Rules(mapper);
    }

    private static Object field(Object of, String name) {
        try {
            Field field = of.getClass().getSuperclass().getDeclaredField(name);
            field.setAccessible(true);
            return field.get(of);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }

    /** Whether dates are those of Lambda's events. */
    boolean isEvent() {
        return isEvent;
    }

    static JavaType type(java.lang.reflect.Type type) {
        return JacksonFactory.getInstance().getMapper().constructType(type);
    }

    private BeanDescription read(JavaType type) {
        return reader.getConfig().introspect(type);
    }

    /** What is written of an object. */
    List<Property> written(JavaType type) {
        BeanDescription description = writer.getConfig().introspect(type);
        List<Property> properties = new ArrayList<>();
        for (BeanPropertyDefinition definition : description.findProperties()) {
            AnnotatedMember member = definition.getAccessor();
            if (member != null && isSerialized(member.getType())) {
                properties.add(new Property(definition.getName(), member.getMember(), member.getType()));
            }
        }
        return properties;
    }

    /** Kotlin's functions and Java's own classes of reflection are never JSON. */
    private static boolean isSerialized(JavaType type) {
        return type.getRawClass() != Class.class && !type.getRawClass().getName().startsWith("kotlin.jvm.functions.");
    }

    /** What is set of an object that was made by its constructor without parameters. */
    List<Property> set(JavaType type) {
        List<Property> properties = new ArrayList<>();
        for (BeanPropertyDefinition definition : read(type).findProperties()) {
            AnnotatedMember member = definition.getNonConstructorMutator();
            if (member == null || member.getMember() instanceof Field
                    && Modifier.isFinal(((Field) member.getMember()).getModifiers())) {
                continue;
            }
            JavaType wanted = definition.hasSetter() ? definition.getSetter().getParameterType(0) : member.getType();
            properties.add(new Property(definition.getName(), member.getMember(), wanted));
        }
        return properties;
    }

    /** The constructor without parameters; null if there is none. */
    Constructor<?> constructor(JavaType type) {
        try {
            return type.getRawClass().getDeclaredConstructor();
        } catch (NoSuchMethodException error) {
            return null;
        }
    }

    /** The constructor by which Lambda makes some of its events, or which a record has; null for others. */
    Constructor<?> constructedBy(JavaType type) {
        Class<?> raw = type.getRawClass();
        String[] names = CONSTRUCTED.get(raw.getName());
        Constructor<?> named = Names.constructor(raw);
        if (named != null) {
            return named;
        }
        int count = names != null ? names.length : raw.isRecord() ? raw.getRecordComponents().length : -1;
        for (Constructor<?> constructor : raw.getDeclaredConstructors()) {
            if (constructor.getParameterCount() == count && (names != null || isOfRecord(constructor))) {
                return constructor;
            }
        }
        return null;
    }

    private static boolean isOfRecord(Constructor<?> constructor) {
        RecordComponent[] components = constructor.getDeclaringClass().getRecordComponents();
        Class<?>[] types = constructor.getParameterTypes();
        for (int i = 0; i < types.length; i++) {
            if (components[i].getType() != types[i]) {
                return false;
            }
        }
        return true;
    }

    /** The parameters of {@link #constructedBy}. */
    List<Property> parameters(JavaType type, Constructor<?> constructor) {
        String[] names = CONSTRUCTED.get(type.getRawClass().getName());
        List<Property> properties = new ArrayList<>();
        for (int i = 0; i < constructor.getParameterCount(); i++) {
            String told = Names.of(constructor.getParameters()[i]);
            String name = told != null ? told : names != null ? names[i]
                    : type.getRawClass().getRecordComponents()[i].getName();
            JavaType wanted = reader.getConfig().getTypeFactory()
                    .resolveMemberType(constructor.getGenericParameterTypes()[i], type.getBindings());
            properties.add(new Property(name, null, wanted));
        }
        return properties;
    }

    /** The method that returns a value of its own from text, as Joda's dates have it; null if there is none. */
    static Method parser(Class<?> type) {
        if (!type.getName().equals("org.joda.time.DateTime") && !type.getName().equals("java.util.UUID")
                && !type.getName().equals("java.net.URI")) {
            return null;
        }
        String name = type.getName().startsWith("org.joda") ? "parse" : type == java.net.URI.class ? "create" : "fromString";
        try {
            return type.getMethod(name, String.class);
        } catch (NoSuchMethodException error) {
            return null;
        }
    }
}
