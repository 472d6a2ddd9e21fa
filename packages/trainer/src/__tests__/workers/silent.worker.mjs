// A worker that never calls hostTraining.
setInterval(() => {}, 1000);
