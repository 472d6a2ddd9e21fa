/** The port to the thread that started this one in Node; null in the main thread. */
export const portInNode = () => process.getBuiltinModule('node:worker_threads').parentPort;
