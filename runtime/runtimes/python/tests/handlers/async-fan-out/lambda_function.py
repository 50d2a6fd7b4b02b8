"""Asks many at once, some of which fail or are slow."""

import asyncio


async def ask(name, delay, limit):
    async with limit:
        await asyncio.sleep(delay)
        if delay > 0.04:
            raise RuntimeError(f"{name} broke")
        return f"{name}: ok"


async def main(services):
    limit = asyncio.Semaphore(10)
    tasks = [asyncio.wait_for(ask(name, delay, limit), 1) for name, delay in services.items()]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    in_thread = await asyncio.to_thread(sum, range(10))
    async with asyncio.TaskGroup() as group:
        first = group.create_task(asyncio.sleep(0.001, "first"))
        second = group.create_task(asyncio.sleep(0, "second"))
    queue = asyncio.Queue()
    producer = asyncio.create_task(put_all(queue, range(3)))
    taken = [await queue.get() for _ in range(3)]
    await producer
    return [
        *(str(result) or type(result).__name__ for result in results),
        in_thread, first.result(), second.result(), taken,
    ]


async def put_all(queue, items):
    for item in items:
        await queue.put(item)


def lambda_handler(event, context):
    return asyncio.run(main(event["services"]))
