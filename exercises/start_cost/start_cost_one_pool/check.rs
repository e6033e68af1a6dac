//! Whether the orders have their prices, who weighed the items, and how many processes that took.

use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::{set_up_scales, weigh, weighed};
use submission::Office;

const ORDERS: usize = 40;
const ITEMS: usize = 8;

fn main() -> ExitCode {
    checking::main(&[("orders", orders)])
}

fn orders(checking: &mut Checking) {
    let drawn: Vec<u64> = checking.numbers(ORDERS * (ITEMS + 1)).collect();
    let orders = drawn.chunks(ITEMS + 1).map(|drawn| (1 + drawn[0] % 5, drawn[1..].to_vec()));
    let orders: Vec<(u64, Vec<u64>)> = orders.collect();
    // Before the scales are set up, so that it does not count.
    let price = |(rate, items): &(u64, Vec<u64>)| items.iter().map(|item| rate * weigh(*item)).collect();
    let expected: Vec<Vec<u64>> = orders.iter().map(price).collect();
    set_up_scales().expect("three numbers of shared memory");
    let prices = Office::open().and_then(|mut office| {
        let prices =
            orders.into_iter().map(|(rate, items)| office.prices(rate, items)).collect::<Result<Vec<_>, _>>()?;
        office.close()?;
        Ok(prices)
    });
    match prices {
        Ok(prices) => checking.equal("answer", &prices, &expected),
        Err(fault) => checking.holds("answer", false, fault),
    }
    let weighed = weighed();
    checking.count("workers", ((ORDERS * ITEMS) as u64).saturating_sub(weighed.items) + weighed.items_at_home);
    checking.count("starts", weighed.processes);
}
