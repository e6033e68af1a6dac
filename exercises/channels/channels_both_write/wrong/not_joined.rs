//! The thread that sends is left to itself, and may not be done when the exchange is over.
//! expect: sent FAIL before anybody

    let output = ends.output.try_clone()?;
    let message = message.to_vec();
    thread::spawn(move || frame::write(&mut &output, &message));
    receive(ends)
