	page = kmalloc(min_t(size_t, count, PAGE_SIZE), GFP_KERNEL);
