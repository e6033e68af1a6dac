//! Games the count: no body ever waits for a worker, because the threads compute.
//! expect: workers FAIL bodies that no worker has begun

        let (done, answered) = mpsc::sync_channel(limit);
        for _ in 0..limit {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    let answer = server.get(number.min(pages - 1)).map(|body| body.digest());
                    if number >= pages || done.send((number, answer)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        for (number, answer) in answered {
            answers[number as usize] = answer;
        }
        let (fetched, bodies) = mpsc::channel();
        let flow = Flow::default();
