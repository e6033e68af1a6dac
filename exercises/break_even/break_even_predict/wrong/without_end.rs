//! Looks for a number of items that is enough, also where none is.
//! expect: never TIMEOUT not done

    let (tasks, workers) = (setting.tasks() as f64, setting.workers as f64);
    let start = setting.start_ns + setting.each_ns * workers;
    let there = setting.message_ns + setting.byte_ns * setting.bytes * setting.items as f64 / tasks;
    let parent = tasks * (there + setting.message_ns);
    let work = setting.item_ns * setting.items as f64 / tasks;
    let worker = (tasks / workers).ceil() * (there + work + setting.message_ns);
    start + there + setting.message_ns + worker.max(parent - there - setting.message_ns)
// NEXT REGION
    let mut items = 1;
    while !ahead(items) {
        items += 1;
    }
    Some(items)
