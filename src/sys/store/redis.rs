//! stub

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location;
impl Location {
    pub(crate) fn parse(_: &str) -> Result<Self, String> {
        Ok(Location)
    }
}
impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}
pub(super) struct Redis;
impl Redis {
    pub(super) fn open(_: &Location) -> Result<Self, super::Failure> {
        Ok(Redis)
    }
}

impl super::Store for Redis {
    fn transact(
        &mut self,
        _: &str,
        _: super::Leases,
        _: &mut dyn FnMut(super::Sight<'_>) -> crate::gate::Grant,
    ) -> Result<(), super::Failure> {
        Err(super::Failure("stub".into()))
    }
    fn renew(&mut self) -> Result<(), super::Failure> {
        Ok(())
    }
    fn renewal(&self) -> Option<std::time::Duration> {
        None
    }
    fn patience(&self) -> std::ops::RangeInclusive<std::time::Duration> {
        std::time::Duration::ZERO..=std::time::Duration::ZERO
    }
    fn entries(&mut self) -> Result<Vec<super::Entry>, super::Failure> {
        Ok(Vec::new())
    }
    fn entry(&mut self, _: &str) -> Result<super::Entry, super::Failure> {
        Err(super::Failure("stub".into()))
    }
    fn forget(&mut self, _: &str) -> Result<(), super::Failure> {
        Ok(())
    }
    fn warnings(&mut self) -> Vec<String> {
        Vec::new()
    }
}
