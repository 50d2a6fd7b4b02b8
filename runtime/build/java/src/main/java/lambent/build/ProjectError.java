package lambent.build;

/** Why a project cannot be built; the message is for its owner. */
final class ProjectError extends Exception {
    ProjectError(String message) {
        super(message);
    }
}
