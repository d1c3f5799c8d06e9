//! How many connections there may be, in all and from one address, so that no peer takes them all.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The connections that may be open.
#[derive(Debug)]
pub struct Seats {
    all: Arc<Semaphore>,
    per_address: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// One open connection; dropping it frees its place.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
    _place: OwnedSemaphorePermit,
}

impl Seats {
    pub fn new(connections_max: usize, per_address: usize) -> Arc<Self> {
        let all = Arc::new(Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { all, per_address, taken: Mutex::default() })
    }

    /// Waits for a place; further connections stay in the kernel's queue meanwhile. `None`: no more
    /// will come.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// Gives the place to a peer, unless it has enough.
    pub(super) fn take(
        self: &Arc<Self>,
        peer: IpAddr,
        place: OwnedSemaphorePermit,
    ) -> Option<Seat> {
        let address = network(peer);
        let mut taken = self.taken.lock();
        let count = taken.entry(address).or_insert(0);
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        Some(Seat { seats: Arc::clone(self), address, _place: place })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

/// What one peer can draw addresses from at will: a whole /64 in IPv6 (RFC 4291, section 2.5.4).
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_takes_its_share_and_leaves_the_rest() {
        let seats = Seats::new(3, 2);
        let greedy: IpAddr = "192.0.2.1".parse().expect("an address");
        let other: IpAddr = "192.0.2.2".parse().expect("an address");
        let take = async |peer| seats.take(peer, seats.place().await.expect("it is open"));
        let first = take(greedy).await.expect("its first");
        let _second = take(greedy).await.expect("its second");
        assert!(take(greedy).await.is_none(), "a third is too many");
        let _third = take(other).await.expect("the place went back");
        drop(first);
        take(greedy).await.expect("a place came free");
    }

    #[test]
    fn addresses_of_one_network_count_as_one_peer() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
