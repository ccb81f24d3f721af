//! Steps in any order: how many of them different events can fill.

/// Which event stands on which step: an assignment that grows by one event at a time.
///
/// An event once placed stays placed, perhaps on another step, and after each event as many steps are filled as the
/// events so far can fill at all.
#[derive(Clone, Debug)]
pub(super) struct Filling {
    /// The steps that the event on each step can fill, one bit each; 0 where no event stands.
    on_step: Vec<u32>,
    /// Steps that no further event can free: their events can fill only steps among these.
    closed: u32,
}

impl Filling {
    /// No event on any of so many steps.
    pub fn new(steps: usize) -> Self {
        Self { on_step: vec![0; steps], closed: 0 }
    }

    /// Takes all events away.
    pub fn clear(&mut self) {
        self.on_step.fill(0);
        self.closed = 0;
    }

    /// Places an event that can fill these steps, moving others where that makes room. Answers whether it could.
    pub fn place(&mut self, steps: u32) -> bool {
        let mut tried = self.closed;
        let is_placed = self.place_beside(steps, &mut tried);
        if !is_placed {
            // Everything that could be reached was tried, and stays as it is whatever comes.
            self.closed = tried;
        }
        is_placed
    }

    fn place_beside(&mut self, steps: u32, tried: &mut u32) -> bool {
        while steps & !*tried != 0 {
            let step = (steps & !*tried).trailing_zeros() as usize;
            *tried |= 1 << step;
            let holder = self.on_step[step];
            if holder == 0 || self.place_beside(holder, tried) {
                self.on_step[step] = steps;
                return true;
            }
        }
        false
    }

    /// The steps that an event must be able to fill one of, to be placed.
    pub fn open_steps(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.on_step.len()).filter(|step| self.closed >> step & 1 == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most steps that these events can fill, by trying everything.
    fn most(events: &[u32], taken: u32) -> u32 {
        let Some((event, rest)) = events.split_first() else { return taken.count_ones() };
        let free = (0..3).map(|step| 1 << step).filter(|step| event & step != 0 && taken & step == 0);
        free.map(|step| most(rest, taken | step)).chain([most(rest, taken)]).max().unwrap_or(0)
    }

    #[test]
    fn as_many_steps_as_possible_are_filled_after_every_event() {
        // Every five events that fit some of three steps.
        for code in 0..7_u32.pow(5) {
            let events: Vec<u32> = (0..5).map(|place| code / 7_u32.pow(place) % 7 + 1).collect();
            let (mut filling, mut filled) = (Filling::new(3), 0);
            for (place, event) in events.iter().enumerate() {
                let could = filling.open_steps().any(|step| event >> step & 1 == 1);
                let is_placed = filling.place(*event);
                assert!(could || !is_placed);
                filled += u32::from(is_placed);
                assert_eq!(filled, most(&events[..=place], 0), "{events:?}");
            }
        }
    }
}
