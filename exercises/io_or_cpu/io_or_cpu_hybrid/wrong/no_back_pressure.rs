//! The requests are bounded; what they bring is not.
//! expect: backlog FAIL bodies without a worker

        let (fetched, bodies) = mpsc::channel();
        for _ in 0..limit {
            let (fetched, next) = (fetched.clone(), &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if number >= pages || fetched.send((number, server.get(number))).is_err() {
                        return;
                    }
                }
            });
        }
        let flow = Flow { chunksize: 1, prefetch: limit };
