//! So does that of a socket.

use bincode::{Decode, Encode};
use multiprocess::Function;

#[derive(Encode, Decode)]
struct Takes;

impl Function for Takes {
    const NAME: &'static str = "example::Takes";
    type State = ();
    type Item = std::net::TcpStream;
    type Output = bool;

    fn call(&self, _: &(), item: std::net::TcpStream) -> bool {
        item.peer_addr().is_ok()
    }
}

fn main() {
    let _ = Takes;
}
