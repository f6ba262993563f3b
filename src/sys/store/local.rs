//! stub

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Default,
    Named(std::path::PathBuf),
}
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}
pub(super) struct Local;
impl Local {
    pub(super) fn open(_: &Place) -> Result<Self, super::Failure> {
        Ok(Local)
    }
}

impl super::Store for Local {
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
