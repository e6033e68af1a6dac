//! Goes through the spans by hand, and stands still at the first wait.
//! expect: named TIMEOUT not done after

    let (mut at, mut encode, mut work) = (0, 0, 0);
    while let Some(span) = timeline.spans().get(at) {
        match span.doing {
            Doing::Wait => continue,
            Doing::Encode => encode += span.end_ns - span.begin_ns,
            Doing::Work => work += span.end_ns - span.begin_ns,
            _ => {}
        }
        at += 1;
    }
    if encode > work { Bottleneck::Pickling } else { Bottleneck::Fine }
