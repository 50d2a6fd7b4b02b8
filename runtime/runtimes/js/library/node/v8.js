'use strict';
module.exports = {
  ...require('internal/absent').functions('v8', 'the engine is QuickJS', ['getHeapSnapshot', 'writeHeapSnapshot', 'Serializer', 'Deserializer', 'serialize', 'deserialize']),
  getHeapStatistics: () => {
    const { rss } = process.memoryUsage();
    return { total_heap_size: rss, used_heap_size: rss, heap_size_limit: rss, total_available_size: rss, total_physical_size: rss, malloced_memory: 0, peak_malloced_memory: 0 };
  },
  setFlagsFromString() {},
};
