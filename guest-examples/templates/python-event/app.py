"""Takes JSON and answers JSON."""


def handler(event, context):
    print("greeting", event.get("name"))
    return {"message": f"Hello, {event.get('name', 'world')}!"}
