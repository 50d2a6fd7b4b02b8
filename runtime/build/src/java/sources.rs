//! The sources of the compiler of functions in Java.

macro_rules! files {
    ($($path:literal,)*) => {
        &[$(($path, include_str!(concat!("../../java/", $path)))),*]
    };
}

/// All of them: where each belongs in the project, and its text.
pub(super) const FILES: &[(&str, &str)] = files![
    "pom.xml",
    "src/main/java/lambent/build/Access.java",
    "src/main/java/lambent/build/AccessTransformer.java",
    "src/main/java/lambent/build/AdditionsTransformer.java",
    "src/main/java/lambent/build/DivisionTransformer.java",
    "src/main/java/lambent/build/Handler.java",
    "src/main/java/lambent/build/Javac.java",
    "src/main/java/lambent/build/Main.java",
    "src/main/java/lambent/build/Mappings.java",
    "src/main/java/lambent/build/Names.java",
    "src/main/java/lambent/build/NumberTransformer.java",
    "src/main/java/lambent/build/Options.java",
    "src/main/java/lambent/build/Problems.java",
    "src/main/java/lambent/build/Project.java",
    "src/main/java/lambent/build/ProjectError.java",
    "src/main/java/lambent/build/Readers.java",
    "src/main/java/lambent/build/RoundingTransformer.java",
    "src/main/java/lambent/build/Rules.java",
    "src/main/java/lambent/build/Scalars.java",
    "src/main/java/lambent/build/Sources.java",
    "src/main/java/lambent/build/UnavailableTransformer.java",
    "src/main/java/lambent/build/Wasm.java",
    "src/main/java/lambent/build/Writers.java",
    "src/main/java/lambent/guest/Checks.java",
    "src/main/java/lambent/guest/Client.java",
    "src/main/java/lambent/guest/Convert.java",
    "src/main/java/lambent/guest/Digest.java",
    "src/main/java/lambent/guest/Environment.java",
    "src/main/java/lambent/guest/Events.java",
    "src/main/java/lambent/guest/Exports.java",
    "src/main/java/lambent/guest/Fault.java",
    "src/main/java/lambent/guest/Fibers.java",
    "src/main/java/lambent/guest/Function.java",
    "src/main/java/lambent/guest/Host.java",
    "src/main/java/lambent/guest/Identity.java",
    "src/main/java/lambent/guest/Invocation.java",
    "src/main/java/lambent/guest/Json.java",
    "src/main/java/lambent/guest/JsonException.java",
    "src/main/java/lambent/guest/JsonWriter.java",
    "src/main/java/lambent/guest/Logger.java",
    "src/main/java/lambent/guest/Mapping.java",
    "src/main/java/lambent/guest/Memory.java",
    "src/main/java/lambent/guest/Numeral.java",
    "src/main/java/lambent/guest/Preview1.java",
    "src/main/java/lambent/guest/Process.java",
    "src/main/java/lambent/guest/Streams.java",
    "src/main/java/lambent/guest/Text.java",
    "src/main/java/lambent/guest/Times.java",
    "src/main/java/lambent/guest/Values.java",
    "src/main/java/lambent/guest/additions/Adds.java",
    "src/main/java/lambent/guest/additions/All.java",
    "src/main/java/lambent/guest/additions/ClassAdditions.java",
    "src/main/java/lambent/guest/additions/DateAdditions.java",
    "src/main/java/lambent/guest/additions/DateTimeZoneAdditions.java",
    "src/main/java/lambent/guest/additions/DoubleAdditions.java",
    "src/main/java/lambent/guest/additions/EventQueueAdditions.java",
    "src/main/java/lambent/guest/additions/GcAdditions.java",
    "src/main/java/lambent/guest/additions/GsonAdditions.java",
    "src/main/java/lambent/guest/additions/InputAdditions.java",
    "src/main/java/lambent/guest/additions/IntegerAdditions.java",
    "src/main/java/lambent/guest/additions/JacksonAdditions.java",
    "src/main/java/lambent/guest/additions/LongAdditions.java",
    "src/main/java/lambent/guest/additions/MathAdditions.java",
    "src/main/java/lambent/guest/additions/ReaderAdditions.java",
    "src/main/java/lambent/guest/additions/RuntimeAdditions.java",
    "src/main/java/lambent/guest/additions/StringAdditions.java",
    "src/main/java/lambent/guest/additions/SystemAdditions.java",
    "src/main/java/lambent/guest/additions/ThreadAdditions.java",
    "src/main/java/lambent/guest/additions/ThrowableAdditions.java",
    "src/main/java/lambent/guest/additions/UuidAdditions.java",
    "src/main/java/org/teavm/backend/wasm/WasmHeap.java",
    "src/main/java/org/teavm/backend/wasm/model/expression/WasmBlock.java",
    "src/main/java/org/teavm/classlib/java/security/TMessageDigest.java",
    "src/main/java/org/teavm/classlib/java/util/THexFormat.java",
    "src/main/java/org/teavm/classlib/java/util/concurrent/TCountDownLatch.java",
    "src/main/java/org/teavm/classlib/java/util/concurrent/atomic/TLongAdder.java",
    "src/main/java/org/teavm/classlib/java/util/concurrent/locks/TLock.java",
    "src/main/java/org/teavm/classlib/java/util/concurrent/locks/TReentrantLock.java",
    "src/main/java/org/teavm/diagnostics/AccumulationDiagnostics.java",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn walk(folder: &Path, found: &mut BTreeSet<String>, root: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found, root);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_source_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("java");
        let mut found = BTreeSet::from(["pom.xml".to_owned()]);
        walk(&root.join("src"), &mut found, &root);
        let named: BTreeSet<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(named, found);
    }
}
