	/* hold the read lock of the VMA, not the mmap lock */
	FOLL_VMA_LOCK = 1 << 23,
