package lambent.build;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.teavm.backend.wasm.WasmRuntimeType;
import org.teavm.backend.wasm.WasmTarget;
import org.teavm.model.PreOptimizingClassHolderSource;
import org.teavm.model.ReferenceCache;
import org.teavm.parsing.ClasspathClassHolderSource;
import org.teavm.parsing.resource.ResourceProvider;
import org.teavm.vm.DirectoryBuildTarget;
import org.teavm.vm.TeaVM;
import org.teavm.vm.TeaVMBuilder;
import org.teavm.vm.TeaVMOptimizationLevel;

/** Compiles classes to a core module, by TeaVM. */
final class Wasm {
    private static final String ENTRY = "lambent.generated.Entry";
    /** What the heap has from the beginning; what it has at most is the host's to say. */
    private static final int HEAP_MIN = 1 << 20;
    private static final int HEAP_MAX = 1 << 30;

    /** How often it is compiled again without what turned out not to be there. */
    private static final int ATTEMPTS_MAX = 4;

    private final Options options;
    private final Access access;
    private final Project project;

    Wasm(Options options, Access access, Project project) {
        this.options = options;
        this.access = access;
        this.project = project;
    }

    /** Compiles what was generated; returns what may fail when it is reached. */
    List<String> compile(Path generated) throws Exception {
        List<File> path = new ArrayList<>(options.guest.subList(0, 1));
        path.add(generated.toFile());
        path.add(options.classes.toFile());
        path.addAll(options.libraries);
        path.addAll(options.guest.subList(1, options.guest.size()));
        UnavailableTransformer unavailable = new UnavailableTransformer();
        Map<String, Set<String>> missing = new LinkedHashMap<>();
        for (int i = 0; i < ATTEMPTS_MAX; i++) {
            TeaVM vm = compile(path, unavailable);
            Problems problems = new Problems(vm, project);
            problems.collect(missing);
            if (!unavailable.addAll(vm.getProblemProvider())) {
                problems.fail();
                break;
            }
        }
        return Problems.warnings(missing);
    }

    private TeaVM compile(List<File> path, UnavailableTransformer unavailable) throws Exception {
        try (ResourceProvider resources = ResourceProvider.ofClassPath(path)) {
            ReferenceCache references = new ReferenceCache();
            TeaVM vm = new TeaVMBuilder(target()).setReferenceCache(references)
                    .setClassLoader(project.loader())
                    .setResourceProvider(resources)
                    .setClassSource(new PreOptimizingClassHolderSource(
                            new ClasspathClassHolderSource(resources, references)))
                    .build();
            vm.setOptimizationLevel(TeaVMOptimizationLevel.ADVANCED);
            vm.installPlugins();
            vm.add(new AccessTransformer(access));
            vm.add(new AdditionsTransformer());
            vm.add(new DivisionTransformer());
            vm.add(new RoundingTransformer());
            vm.add(new NumberTransformer());
            vm.add(unavailable);
            vm.setEntryPoint(ENTRY);
            Path folder = options.output.toAbsolutePath().getParent();
            vm.build(new DirectoryBuildTarget(folder.toFile()), options.output.getFileName().toString());
            return vm;
        }
    }

    private static WasmTarget target() {
        WasmTarget target = new WasmTarget();
        target.setRuntimeType(WasmRuntimeType.WASI);
        target.setMinHeapSize(HEAP_MIN);
        target.setMaxHeapSize(HEAP_MAX);
        // Else the frames of exceptions have no names.
        target.setObfuscated(false);
        return target;
    }
}
