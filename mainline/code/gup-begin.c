	if (vma) {
		vma_assert_locked(vma);
		ret = check_vma_flags(vma, gup_flags);
		if (ret)
			return ret;
	} else {
		gup_flags &= ~FOLL_VMA_LOCK;
		start = untagged_addr_remote(mm, start);
	}
