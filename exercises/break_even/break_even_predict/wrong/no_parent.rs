//! Forgets that the parent serves all workers by itself.
//! expect: pools FAIL thousandths off

    let (tasks, workers) = (setting.tasks() as f64, setting.workers as f64);
    let start = setting.start_ns + setting.each_ns * workers;
    let messages = 2.0 * tasks * setting.message_ns + setting.items as f64 * setting.bytes * setting.byte_ns;
    start + (serial(setting) + messages) / workers
// NEXT REGION
// SOLUTION
