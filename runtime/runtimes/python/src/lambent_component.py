"""What the component exports, by the names that componentize-py looks for.

It is run once, when the component is built. The memory at its end is the image that every
instance starts from: whatever is imported here is there at once, and costs nothing later.
"""

from lambent_runtime import image

image.fill()

from lambent_runtime import instance, invocation, preparation, snapshots  # noqa: E402


class Handler:
    def handle(self, event, context):
        return invocation.run(event, context)


class Initialization:
    def init(self):
        instance.start()


class Preparation:
    def prepare(self):
        preparation.prepare()


class Snapshot:
    def open_handles(self):
        snapshots.open_handles()

    def before_snapshot(self):
        snapshots.before()

    def after_restore(self):
        snapshots.after()


invocation.install()
image.seal()
